import type { ReactNode } from "react";

interface PanelProps {
  title: string;
  lead?: ReactNode;
  end?: ReactNode;
  children: ReactNode;
}

/** A part of a settings page: a heading over a hairline. */
export function Panel({ title, lead, end, children }: PanelProps) {
  return (
    <section aria-label={title} className="grid gap-4">
      <div className="flex flex-wrap items-end justify-between gap-x-4 gap-y-3 border-b border-line pb-2">
        <div className="grid gap-0.5">
          <h2 className="text-16 font-semibold">{title}</h2>
          {lead && <p className="text-muted">{lead}</p>}
        </div>
        {end}
      </div>
      {children}
    </section>
  );
}
