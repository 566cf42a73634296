/** Large uploads that had begun, kept in this browser so that they go on after a reload. */

export interface Remembered {
  uploadId: string;
  path: string;
  goal: string;
  size: number;
  sent: number;
  overwrite: boolean;
  /** By which the file is known again. */
  name: string;
  lastModified: number;
}

export interface Store {
  all(): Remembered[];
  put(upload: Remembered): void;
  drop(uploadId: string): void;
}

/** The same file as far as a page can tell: its name, its size, and when it was changed. */
export function isSame(kept: { path: string; goal: string; size: number }, file: File): boolean {
  return kept.size === file.size && kept.goal.endsWith(`/${file.name}`);
}

export function browserStore(projectId: string): Store {
  const key = `aether.uploads.${projectId}`;
  const all = (): Remembered[] => read(key);
  const write = (list: Remembered[]): void => {
    try {
      if (list.length) localStorage.setItem(key, JSON.stringify(list));
      else localStorage.removeItem(key);
    } catch {
      // Without storage an upload lasts as long as the page.
    }
  };
  const others = (uploadId: string): Remembered[] => all().filter((kept) => kept.uploadId !== uploadId);
  return {
    all,
    put: (upload) => write([...others(upload.uploadId), upload]),
    drop: (uploadId) => write(others(uploadId)),
  };
}

function read(key: string): Remembered[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(list) ? (list as Remembered[]) : [];
  } catch {
    return [];
  }
}
