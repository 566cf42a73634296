/** Every refusal of the API, and every failure to reach it, as one error. */
import type { FieldError, Problem } from "./types";

export class ApiError extends Error {
  override name = "ApiError";

  constructor(
    readonly problem: Problem,
    /** 32 hex digits to hand to whoever runs the server; "" if unknown. */
    readonly traceId: string,
  ) {
    super(sentence(problem));
  }

  /** 0 when no answer came at all. */
  get status(): number {
    return this.problem.status;
  }

  get offline(): boolean {
    return this.problem.status === 0;
  }

  /** The message for one field of a form, if the server named it. */
  field(name: string): string | undefined {
    return this.problem.errors?.find((error) => error.field === name)?.message;
  }

  /** Field errors no shown field will take; they must be said elsewhere. */
  others(shown: readonly string[]): FieldError[] {
    return (this.problem.errors ?? []).filter((error) => !shown.includes(error.field));
  }
}

function sentence(problem: Problem): string {
  return problem.detail || problem.title;
}

/** The server's problem document, or one made from the status when a proxy or a crash answered instead. */
export async function problemFrom(response: Response, sentTrace: string): Promise<ApiError> {
  const body = await response.json().catch(() => null);
  const problem = isProblem(body) ? body : unexplained(response.status);
  return new ApiError({ ...problem, status: response.status }, problem.trace_id || sentTrace);
}

export function unreachable(sentTrace: string): ApiError {
  const problem = {
    type: "unreachable",
    title: "aether does not answer. Check the connection and try again.",
    status: 0,
  };
  return new ApiError(problem, sentTrace);
}

/** What was thrown, as an ApiError; a fault of this page keeps its own words. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const title = error instanceof Error ? error.message : "Something went wrong in this page.";
  return new ApiError({ type: "page", title, status: -1 }, "");
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && typeof (body as Problem).title === "string";
}

function unexplained(status: number): Problem {
  return { type: "unexplained", title: words(status), status };
}

function words(status: number): string {
  if (status === 401) return "You are signed out.";
  if (status === 404) return "There is nothing here.";
  if (status === 429) return "Too many tries. Wait a moment.";
  if (status >= 500) return `aether had a fault (${status}). Try again in a moment.`;
  return `The request was refused (${status}).`;
}
