import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Failure } from "./Failure";
import { SkeletonRows } from "./Skeleton";

interface ListedProps<Item> {
  query: UseQueryResult<Item[]>;
  /** "Loading keys", said while they are. */
  label: string;
  /** How many rows are likely. */
  count: number;
  /** Stands where there is none. */
  empty?: ReactNode;
  className?: string;
  /** A row, with its key. */
  children: (item: Item) => ReactNode;
}

/** What a query answers as rows, and what stands in their place until then, when it fails, and when there are none. */
export function Listed<Item>({ query, label, count, empty, className, children }: ListedProps<Item>) {
  if (query.isPending) return <SkeletonRows count={count} label={label} />;
  if (!query.data) return <Failure error={query.error} retry={() => void query.refetch()} />;
  if (!query.data.length) return empty;
  return <ul className={className ?? "-mt-4"}>{query.data.map((item) => children(item))}</ul>;
}
