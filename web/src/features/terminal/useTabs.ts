import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { endFlow, flowHeaders, flowOf } from "@/api/trace";
import type { Project, Terminal } from "@/api/types";
import { terminalsQuery, useCreateTerminal } from "@/queries/terminals";
import { mergeTabs } from "./tabs";

export interface Tabs {
  list: Terminal[];
  loading: boolean;
  error: unknown;
  retry: () => void;
  create: () => void;
  creating: boolean;
  createError: unknown;
  dismiss: (id: string) => void;
}

/** The tabs of a project. A start click in this page opens the first terminal by itself. */
export function useTabs(project: Project, show: (id: string) => void): Tabs {
  const query = useQuery(terminalsQuery(project.id));
  const made = useCreateTerminal(project.id);
  const [dismissed, setDismissed] = useState<ReadonlySet<string>>(new Set());
  const shown = useRef<Terminal[]>([]);
  const list = useMemo(() => mergeTabs(shown.current, query.data ?? [], dismissed), [query.data, dismissed]);
  const { mutate, isPending } = made;

  useEffect(() => {
    shown.current = list;
  }, [list]);

  const create = useCallback(() => {
    if (!isPending)
      mutate({ headers: flowHeaders(project.id) }, { onSuccess: (terminal) => show(terminal.id) });
  }, [isPending, mutate, show, project.id]);

  useEffect(() => {
    const open = query.data?.length;
    if (project.status !== "running" || open === undefined || !flowOf(project.id)) return;
    if (open === 0) {
      // The terminals of the machine before this one have been read; a new start is a clean strip.
      setDismissed(new Set(shown.current.map((terminal) => terminal.id)));
      create();
    }
    endFlow(project.id);
  }, [project.status, project.id, query.data, create]);

  const dismiss = useCallback((id: string) => setDismissed((before) => new Set(before).add(id)), []);
  return {
    list,
    loading: query.isPending,
    error: query.error,
    retry: () => void query.refetch(),
    create,
    creating: isPending,
    createError: made.error,
    dismiss,
  };
}
