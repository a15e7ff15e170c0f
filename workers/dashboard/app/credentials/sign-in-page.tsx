/** Where a person says who they are. Nothing else of the page is shown before. */
import { useState, type FormEvent } from "react";
import { errorText } from "../data/error-text.ts";
import { Button } from "../ui/button.tsx";
import { Checkbox } from "../ui/checkbox.tsx";
import { TextField } from "../ui/text-field.tsx";
import { credentialsOf } from "./credentials.ts";
import styles from "./sign-in-page.module.css";
import { signIn } from "./signed-in.ts";

export function SignInPage({ problem }: { readonly problem?: string }) {
  const [text, setText] = useState("");
  const [stay, setStay] = useState(false);
  const [error, setError] = useState(problem);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const credentials = credentialsOf(text);
    if (credentials === null) return setError("This is neither an API key nor the content of a key file.");
    try {
      await signIn(credentials, stay);
    } catch (err) {
      setError(errorText(err));
    }
  };
  return (
    <main className={styles["page"]}>
      <form className={styles["card"]} onSubmit={(event) => void submit(event)}>
        <img className={styles["mark"]} src="/icon.svg" alt="" />
        <h1>Sign in to Factory</h1>
        <p className={styles["note"]}>
          Paste your API key, or the content of a key file to submit orders as well. The local platform prints a link that does it for you, and its key file is{" "}
          <code>.factory/dev-key.json</code>.
        </p>
        <TextField label="API key or key file" type="password" value={text} onChange={setText} error={error} autoFocus isRequired />
        <Checkbox isSelected={stay} onChange={setStay}>
          Stay signed in on this device
        </Checkbox>
        <Button type="submit" kind="primary">
          Sign in
        </Button>
      </form>
    </main>
  );
}
