/** Every shortcut that works where the person is. */
import { Fragment } from "react";
import { Dialog } from "../ui/dialog.tsx";
import { keyNames } from "./shortcut-keys.ts";
import styles from "./shortcut-help.module.css";
import { currentShortcuts } from "./shortcuts.ts";

const IS_MAC = navigator.userAgent.includes("Mac");

export function ShortcutHelp({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keyboard" isOpen onClose={onClose}>
      {currentShortcuts().map(({ name, shortcuts }) => (
        <section key={name} className={styles["group"]} aria-label={name}>
          <h3>{name}</h3>
          <dl className={styles["list"]}>
            {shortcuts.map(({ keys, text }) => (
              <Fragment key={text}>
                <dt>
                  {keys.map((key) => (
                    <Keys key={key} keys={key} />
                  ))}
                </dt>
                <dd>{text}</dd>
              </Fragment>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}

/** The keys of one shortcut, each as a key. */
export function Keys({ keys }: { readonly keys: string }) {
  return (
    <span className={styles["keys"]}>
      {keyNames(keys, IS_MAC).map((name) => (
        <kbd key={name}>{name}</kbd>
      ))}
    </span>
  );
}
