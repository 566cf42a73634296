/** Forms and the refusals that name their fields. */
import { ApiError } from "@/api/problem";

/** The values of named fields, trimmed but for passwords, which are taken as typed. */
export function formValues<Name extends string>(
  form: HTMLFormElement,
  ...names: Name[]
): Record<Name, string> {
  const data = new FormData(form);
  const value = (name: string): string => {
    const raw = data.get(name);
    const text = typeof raw === "string" ? raw : "";
    return name.includes("password") ? text : text.trim();
  };
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, string>;
}

/** The first message for each field. */
export function fieldErrors(error: unknown): Record<string, string | undefined> {
  if (!(error instanceof ApiError)) return {};
  const found: Record<string, string | undefined> = {};
  for (const { field, message } of error.problem.errors ?? []) found[field] ??= message;
  return found;
}

/** The error, unless every part of it stands at one of the shown fields already. */
export function unshown(error: unknown, shown: readonly string[]): unknown {
  if (!(error instanceof ApiError) || !error.problem.errors?.length) return error;
  const rest = error.others(shown);
  if (!rest.length) return null;
  const detail = rest.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join(" ");
  return new ApiError({ ...error.problem, detail }, error.traceId);
}
