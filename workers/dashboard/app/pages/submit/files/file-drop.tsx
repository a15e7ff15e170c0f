/** A part of the page that files and folders may be dropped on. It is a shortcut for the mouse: buttons in it do the same. */
import { useState, type DragEvent, type ReactNode } from "react";
import type { OfferedFile } from "./attach-files.ts";
import { droppedFiles } from "./offered-files.ts";

export type FileDropProps = { readonly className: string; readonly onOffer: (offered: readonly OfferedFile[]) => void; readonly children: ReactNode };

const holdsFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer.types.includes("Files");

/** Says `data-drop-target` while files are held above it. */
export function FileDrop({ className, onOffer, children }: FileDropProps) {
  const [isOver, setIsOver] = useState(false);
  const onDragOver = (event: DragEvent): void => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    setIsOver(true);
  };
  const onDragLeave = ({ currentTarget, relatedTarget }: DragEvent): void => {
    // What is entered may be a part of this.
    if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setIsOver(false);
  };
  const onDrop = (event: DragEvent): void => {
    setIsOver(false);
    if (!holdsFiles(event)) return;
    event.preventDefault();
    void droppedFiles(event.dataTransfer).then(onOffer);
  };
  return (
    <div className={className} data-drop-target={isOver ? "" : undefined} onDragOver={onDragOver} onDragLeave={onDragLeave} onDrop={onDrop}>
      {children}
    </div>
  );
}
