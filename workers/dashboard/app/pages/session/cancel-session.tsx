/** Asks a session to stop. */
import { Square } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Button } from "../../ui/button.tsx";

const CancelDialog = lazy(async () => ({ default: (await import("./cancel-dialog.tsx")).CancelDialog }));

/** The button, and the question behind it. */
export function CancelSession({ sessionId }: { readonly sessionId: string }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button kind="danger" icon={Square} onPress={() => setIsOpen(true)}>
        Cancel
      </Button>
      <Suspense>{isOpen ? <CancelDialog sessionId={sessionId} onClose={() => setIsOpen(false)} /> : null}</Suspense>
    </>
  );
}
