/** Buttons of the page. */
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Button as AriaButton, Tooltip, TooltipTrigger, type ButtonProps as AriaButtonProps } from "react-aria-components";
import styles from "./button.module.css";
import tooltipStyles from "./tooltip.module.css";

/** How much a button asks for attention: one `primary` a view; `danger` ends something. */
export type ButtonKind = "plain" | "primary" | "danger" | "quiet";

const classOf = (kind: ButtonKind, more = ""): string => [styles["button"], kind === "plain" ? "" : styles[kind], more].filter(Boolean).join(" ");

export type ButtonProps = Omit<AriaButtonProps, "className" | "children"> & {
  readonly kind?: ButtonKind;
  readonly icon?: LucideIcon;
  readonly children: ReactNode;
};

/** A button with a text, and an icon before it where one helps. */
export function Button({ kind = "plain", icon: Icon, children, ...props }: ButtonProps) {
  return (
    <AriaButton {...props} className={classOf(kind)}>
      {Icon === undefined ? null : <Icon size={15} aria-hidden />}
      {children}
    </AriaButton>
  );
}

export type IconButtonProps = Omit<AriaButtonProps, "className" | "children"> & {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly kind?: ButtonKind;
};

/** A button that is an icon; its label is its name and its tooltip. */
export function IconButton({ label, icon: Icon, kind = "quiet", ...props }: IconButtonProps) {
  return (
    <TooltipTrigger delay={400} closeDelay={100}>
      <AriaButton {...props} aria-label={label} className={classOf(kind, styles["icon"])}>
        <Icon size={16} aria-hidden />
      </AriaButton>
      <Tooltip className={tooltipStyles["tooltip"] ?? ""} offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  );
}
