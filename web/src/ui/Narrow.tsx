import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Mark } from "./Icon";

/** A page of one column, for what is filled in before anything else is there. */
export function Narrow({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  return (
    <div className="flex min-h-full flex-col">
      <header className="flex h-14 shrink-0 items-center px-5">
        <Link
          to="/"
          className="-ml-1 flex items-center gap-2 rounded-md p-1 text-16 font-semibold tracking-tight"
        >
          <Mark />
          aether
        </Link>
      </header>
      <main id="main" className="mx-auto grid w-full max-w-[22.5rem] content-start gap-5 px-5 pb-16 pt-[8vh]">
        <div className="grid gap-1">
          <h1 className="text-20 font-semibold tracking-tight">{title}</h1>
          {lead && <p className="text-muted">{lead}</p>}
        </div>
        {children}
      </main>
    </div>
  );
}
