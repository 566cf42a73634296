import { type ChangeEvent, type ReactNode, useRef } from "react";
import { openWayTo, setOpen } from "../openFolders";
import { join, ROOT } from "../paths";
import { chosen, gather, takeDropped } from "./gather";
import { uploadsOf } from "./uploads";

export interface UploadInputs {
  /** To be drawn somewhere; nothing of them is seen. */
  inputs: ReactNode;
  ask: (folder: string, what: "files" | "folder") => void;
  drop: (data: DataTransfer, folder: string) => Promise<void>;
}

/** The browser's own choosers of files, and what is dropped. */
export function useUploadInputs(projectId: string): UploadInputs {
  const into = useRef(ROOT);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (event: ChangeEvent<HTMLInputElement>): void => {
    uploadsOf(projectId).add(chosen(event.target.files ?? [], into.current));
    openWayTo(projectId, join(into.current, "any"));
    // The same file may be chosen again.
    event.target.value = "";
  };
  const drop = async (data: DataTransfer, target: string): Promise<void> => {
    const given = await gather(takeDropped(data.items), target);
    uploadsOf(projectId).add(given);
    if (target !== ROOT) setOpen(projectId, target, true);
  };
  const ask = (target: string, what: "files" | "folder"): void => {
    into.current = target;
    (what === "files" ? files : folder).current?.click();
  };
  const inputs = (
    <>
      <input ref={files} type="file" multiple hidden data-testid="upload-files" onChange={take} />
      <input
        ref={folder}
        type="file"
        multiple
        hidden
        data-testid="upload-folder"
        onChange={take}
        {...{ webkitdirectory: "" }}
      />
    </>
  );
  return { inputs, ask, drop };
}
