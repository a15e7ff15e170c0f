/** A link that looks like the one button of a view that goes on. */
import { createLink, type LinkComponent } from "@tanstack/react-router";
import type { LucideIcon } from "lucide-react";
import type { AnchorHTMLAttributes } from "react";
import styles from "./link-button.module.css";

type Props = AnchorHTMLAttributes<HTMLAnchorElement> & { readonly icon?: LucideIcon };

function Anchor({ icon: Icon, children, ...props }: Props) {
  return (
    <a {...props} className={styles["button"]}>
      {Icon === undefined ? null : <Icon size={15} aria-hidden />}
      {children}
    </a>
  );
}

const RouterAnchor = createLink(Anchor);

export const LinkButton: LinkComponent<typeof Anchor> = (props) => <RouterAnchor {...props} />;
