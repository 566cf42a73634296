import { Stored, useStored } from "@/ui/stored";

/** How this browser shows files; kept in its storage. */
export interface FileSettings {
  /** Names that begin with a dot. */
  hidden: boolean;
}

const stored = new Stored<FileSettings>("aether.files", { hidden: true });

export const setFileSettings = stored.set;

export function useFileSettings(): FileSettings {
  return useStored(stored);
}
