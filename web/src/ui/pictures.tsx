import type { ReactNode } from "react";

/** The line pictures that the first page does without. */
const PATHS = {
  down: <path d="m4 6 4 4 4-4" />,
  up: <path d="m4 10 4-4 4 4" />,
  bell: <path d="M8 2.5a3.5 3.5 0 0 0-3.5 3.5v3L3 11.5h10L11.5 9V6A3.5 3.5 0 0 0 8 2.5ZM6.8 13.5h2.4" />,
  eye: (
    <>
      <path d="M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8Z" />
      <circle cx="8" cy="8" r="1.8" />
    </>
  ),
  again: <path d="M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8" />,
  clock: (
    <>
      <circle cx="8" cy="8" r="5.7" />
      <path d="M8 4.8V8l2.2 1.6" />
    </>
  ),
  download: <path d="M8 2.5v8m-3-3 3 3 3-3M3 13.5h10" />,
  film: (
    <>
      <rect x="2" y="3.5" width="12" height="9" rx="1.5" />
      <path d="m6.8 6 3.2 2-3.2 2z" />
    </>
  ),
  folder: <path d="M2 4.5a1 1 0 0 1 1-1h3.2l1.4 1.6H13a1 1 0 0 1 1 1v5.4a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1z" />,
  file: <path d="M4 2.5h5L12.5 6v7a.5.5 0 0 1-.5.5H4a.5.5 0 0 1-.5-.5V3a.5.5 0 0 1 .5-.5ZM9 2.5V6h3.5" />,
  link: (
    <path d="M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2.2-2.2A2.6 2.6 0 0 0 9 3.3l-.8.8M9.2 6.8a2.6 2.6 0 0 0-3.7 0L3.3 9a2.6 2.6 0 0 0 3.7 3.7l.8-.8" />
  ),
  upload: <path d="M8 10.5v-8m-3 3 3-3 3 3M3 13.5h10" />,
  away: <path d="M9.5 3h3.5v3.5M13 3 7.5 8.5M11 9.5V12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1h2.5" />,
  changes: <path d="M8 2.5v6M5 5.5h6M5 12.5h6" />,
  plug: <path d="M5.5 2.5v3M10.5 2.5v3M4 5.5h8V8a4 4 0 0 1-8 0ZM8 12v2" />,
  agent: (
    <>
      <rect x="2.5" y="5" width="11" height="8" rx="2" />
      <path d="M8 5V2.5M5.8 8.2v1.6M10.2 8.2v1.6" />
    </>
  ),
  globe: (
    <>
      <circle cx="8" cy="8" r="5.7" />
      <path d="M2.3 8h11.4M8 2.3c2 1.7 2.6 3.6 2.6 5.7S10 12 8 13.7C6 12 5.4 10.1 5.4 8S6 4 8 2.3Z" />
    </>
  ),
  lock: (
    <>
      <rect x="3.5" y="7" width="9" height="6.5" rx="1" />
      <path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2" />
    </>
  ),
  pause: <path d="M5.5 3.5v9M10.5 3.5v9" />,
  sun: (
    <>
      <circle cx="8" cy="8" r="2.7" />
      <path d="M8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1" />
    </>
  ),
  moon: <path d="M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z" />,
  screen: (
    <>
      <rect x="2" y="3" width="12" height="8" rx="1.2" />
      <path d="M6 13.5h4" />
    </>
  ),
  user: (
    <>
      <circle cx="8" cy="5.5" r="2.7" />
      <path d="M2.8 13.5c.6-2.6 2.6-4 5.2-4s4.6 1.4 5.2 4" />
    </>
  ),
  key: (
    <>
      <circle cx="5" cy="10.5" r="2.7" />
      <path d="m7 8.5 6-6M10.5 5l2 2" />
    </>
  ),
  leave: <path d="M6.5 2.5h-3a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h3M10 5l3 3-3 3M13 8H6.5" />,
  trash: <path d="M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9" />,
  pen: <path d="m3 13 .6-2.8 7.2-7.2 2.2 2.2-7.2 7.2z" />,
  terminal: <path d="m3 4.5 3.5 3.5L3 11.5M8 11.5h5" />,
  settings: (
    <>
      <path d="M2.5 5h6M11.5 5h2M2.5 11h2M7.5 11h6" />
      <circle cx="10" cy="5" r="1.5" />
      <circle cx="6" cy="11" r="1.5" />
    </>
  ),
} satisfies Record<string, ReactNode>;

export type PictureName = keyof typeof PATHS;

export default function Picture({ name }: { name: PictureName }): ReactNode {
  return PATHS[name];
}
