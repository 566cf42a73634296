import { beforeEach, expect, test, vi } from "vitest";
import { fieldErrors, unshown } from "@/ui/form";
import { answer, api } from "./client";
import { ApiError, asApiError } from "./problem";
import { beginFlow, endFlow, flowHeaders, traceIdOf, traceparent } from "./trace";

const server = vi.hoisted(() => {
  // The client takes hold of both when it is made. Outside a browser a request needs its origin.
  const Plain = globalThis.Request;
  globalThis.Request = class extends Plain {
    constructor(url: string, options?: RequestInit) {
      super(new URL(url, "http://aether.test"), options);
    }
  } as typeof Request;
  const server = { asked: [] as Request[], next: [] as (Response | Error)[] };
  globalThis.fetch = async (request) => {
    server.asked.push(request as Request);
    const next = server.next.shift() ?? new Error("asked too often");
    if (next instanceof Error) throw next;
    return next;
  };
  return server;
});

/** The next answers of the server, in order. */
function answers(...responses: (Response | Error)[]): void {
  server.next = responses;
}

function problem(status: number, body: object): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}

async function failure(request: Promise<unknown>): Promise<ApiError> {
  return asApiError(
    await request.then(
      () => new Error("was answered"),
      (error: unknown) => error,
    ),
  );
}

beforeEach(() => {
  server.asked = [];
});

test("every request carries a trace of its own", async () => {
  answers(Response.json({}), Response.json({}));
  await api.GET("/api/me");
  await api.GET("/api/me");
  const [first, second] = server.asked.map((request) => request.headers.get("traceparent"));
  expect(first).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(first).not.toBe(second);
});

test("a start click and the terminal after it share one trace until the flow ends", async () => {
  const traceId = beginFlow("p1");
  const [start, open] = [flowHeaders("p1").traceparent, flowHeaders("p1").traceparent];
  expect(traceIdOf(start)).toBe(traceId);
  expect(traceIdOf(open)).toBe(traceId);
  expect(start).not.toBe(open);
  endFlow("p1");
  expect(traceIdOf(flowHeaders("p1").traceparent)).not.toBe(traceId);
});

test("a trace the caller gives is kept", async () => {
  const given = traceparent();
  answers(Response.json({}));
  await api.GET("/api/me", { headers: { traceparent: given } });
  expect(server.asked[0]?.headers.get("traceparent")).toBe(given);
});

test("unsafe requests say JSON even when they have no body", async () => {
  answers(new Response(null, { status: 204 }));
  await answer(api.POST("/api/auth/logout"));
  expect(server.asked[0]?.headers.get("content-type")).toBe("application/json");
});

test("a problem document becomes an error with its sentence, fields and trace", async () => {
  const errors = [
    { field: "name", message: "Give it a name." },
    { field: "repo_url", message: "Not a git URL." },
  ];
  answers(
    problem(422, {
      type: "invalid",
      title: "Some fields need another look",
      status: 422,
      trace_id: "abc",
      errors,
    }),
  );
  const error = await failure(api.POST("/api/projects", { body: { name: "" } }));
  expect(error).toMatchObject({ status: 422, traceId: "abc", message: "Some fields need another look" });
  expect(error.field("name")).toBe("Give it a name.");
  expect(fieldErrors(error)).toEqual({ name: "Give it a name.", repo_url: "Not a git URL." });
  expect(unshown(error, ["name", "repo_url"])).toBeNull();
  expect(asApiError(unshown(error, ["name"])).message).toBe("repo_url: Not a git URL.");
});

test("an answer that is no problem document is put into words", async () => {
  answers(new Response("<h1>Bad gateway</h1>", { status: 502 }));
  const error = await failure(api.GET("/api/projects"));
  expect(error.status).toBe(502);
  expect(error.message).toContain("502");
  expect(error.traceId).toBe(traceIdOf(server.asked[0]?.headers.get("traceparent") ?? null));
});

test("no answer at all is being offline, not a fault of the page", async () => {
  answers(new TypeError("Failed to fetch"));
  const error = await failure(api.GET("/api/projects"));
  expect(error).toBeInstanceOf(ApiError);
  expect(error.offline).toBe(true);
});
