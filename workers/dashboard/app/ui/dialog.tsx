/** A question in front of the page. */
import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import styles from "./dialog.module.css";

const style = (name: string): string => styles[name] ?? "";

export type DialogProps = {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Buttons; the one that goes on is the last. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
};

/** Escape and a click beside it close it. */
export function Dialog({ title, isOpen, onClose, actions, children }: DialogProps) {
  return (
    <ModalOverlay isDismissable isOpen={isOpen} onOpenChange={(open) => (open ? undefined : onClose())} className={style("overlay")}>
      <Modal className={style("modal")}>
        <AriaDialog className={style("dialog")}>
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          {children}
          {actions === undefined ? null : <div className={style("actions")}>{actions}</div>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
