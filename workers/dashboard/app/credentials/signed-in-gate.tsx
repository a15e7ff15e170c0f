/** Lets a person through whom the platform knows, and asks everybody else to sign in. */
import type { CombinedError } from "urql";
import { useQuery } from "urql";
import { lazy, Suspense, type ReactNode } from "react";
import { errorText, isUnauthenticated } from "../data/error-text.ts";
import { FactoryProvider, ReadsProvider } from "../data/factory-context.tsx";
import { graphql } from "../data/graphql.ts";
import { FailedState } from "../ui/states.tsx";
import { useApiKey } from "./signed-in.ts";

// Fetched by who is not signed in: everybody else opens the page without a form in it.
const SignInPage = lazy(async () => ({ default: (await import("./sign-in-page.tsx")).SignInPage }));

const VIEWER = graphql(`
  query Viewer {
    viewer {
      org
      principalId
      scopes
    }
  }
`);

export function SignedInGate({ children }: { readonly children: ReactNode }) {
  const apiKey = useApiKey();
  return (
    <Suspense>
      {apiKey === null ? (
        <SignInPage />
      ) : (
        <ReadsProvider key={apiKey} apiKey={apiKey}>
          <ViewerGate>{children}</ViewerGate>
        </ReadsProvider>
      )}
    </Suspense>
  );
}

function ViewerGate({ children }: { readonly children: ReactNode }) {
  const [{ data, error }, ask] = useQuery({ query: VIEWER });
  if (data !== undefined) return <FactoryProvider viewer={data.viewer}>{children}</FactoryProvider>;
  return error === undefined ? null : <NotKnown error={error} onRetry={() => ask({ requestPolicy: "network-only" })} />;
}

function NotKnown({ error, onRetry }: { readonly error: CombinedError; readonly onRetry: () => void }) {
  if (isUnauthenticated(error)) return <SignInPage problem="The platform does not know this key. It may have been revoked." />;
  return <FailedState title="The factory did not answer" message={errorText(error)} onRetry={onRetry} />;
}
