/** Every page and its address. Pages other than the dashboard are loaded when they are gone to. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { PARTS, type Part } from "./features/agents/parts";
import { queryClient } from "./queries/client";
import { meQuery } from "./queries/me";
import { Dashboard } from "./routes/Dashboard";
import { PageFailure, PageNotFound, PagePending } from "./routes/Fallbacks";
import { SignedIn } from "./routes/SignedIn";
import { Announcer } from "./ui/Announcer";

function Root() {
  return (
    <>
      <Outlet />
      <Announcer />
    </>
  );
}

const rootRoute = createRootRoute({ component: Root, notFoundComponent: PageNotFound });

/** Pages for those who are not signed in; who is goes to the projects. */
async function onlyStrangers(): Promise<void> {
  const me = await queryClient.ensureQueryData(meQuery).catch(() => null);
  if (me) throw redirect({ to: "/projects" });
}

const landing = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: onlyStrangers,
  component: lazyRouteComponent(() => import("./routes/Landing"), "Landing"),
});

type Next = { next?: string; problem?: string };

/** Only an address of this app may follow a sign-in. */
function withNext({ next, problem }: Record<string, unknown>): Next {
  return {
    ...(typeof next === "string" && /^\/(?![/\\])/.test(next) && { next }),
    ...(typeof problem === "string" && { problem }),
  };
}

const signup = createRoute({
  getParentRoute: () => rootRoute,
  path: "/signup",
  validateSearch: withNext,
  beforeLoad: onlyStrangers,
  component: lazyRouteComponent(() => import("./routes/Entrance"), "Signup"),
});

const login = createRoute({
  getParentRoute: () => rootRoute,
  path: "/login",
  validateSearch: withNext,
  beforeLoad: onlyStrangers,
  component: lazyRouteComponent(() => import("./routes/Entrance"), "Login"),
});

const forgot = createRoute({
  getParentRoute: () => rootRoute,
  path: "/forgot",
  component: lazyRouteComponent(() => import("./routes/Reset"), "Forgot"),
});

const reset = createRoute({
  getParentRoute: () => rootRoute,
  path: "/reset",
  validateSearch: (search: Record<string, unknown>): { token?: string } =>
    typeof search.token === "string" ? { token: search.token } : {},
  component: lazyRouteComponent(() => import("./routes/Reset"), "Reset"),
});

const signedIn = createRoute({
  getParentRoute: () => rootRoute,
  id: "signed-in",
  beforeLoad: async ({ location }) => {
    const me = await queryClient.ensureQueryData(meQuery);
    if (!me) throw redirect({ to: "/login", search: { next: location.href } });
  },
  component: SignedIn,
});

type OnBoard = { new?: true | undefined; show?: Part | undefined; q?: string | undefined };

/** What of the board is shown, so that a link or a reload shows it again. */
function onBoard({ new: creating, show, q }: Record<string, unknown>): OnBoard {
  return {
    ...(creating ? { new: true } : {}),
    ...(PARTS.some((part) => part === show) && { show: show as Part }),
    ...(typeof q === "string" && q && { q }),
  };
}

const projects = createRoute({
  getParentRoute: () => signedIn,
  path: "/projects",
  validateSearch: onBoard,
  component: Dashboard,
});

const workspace = createRoute({
  getParentRoute: () => signedIn,
  path: "/projects/$projectId",
  validateSearch: ({ terminal, run }: Record<string, unknown>): { terminal?: string; run?: string } => ({
    ...(typeof terminal === "string" && { terminal }),
    ...(typeof run === "string" && { run }),
  }),
  component: lazyRouteComponent(() => import("./routes/Workspace"), "Workspace"),
});

const recordings = createRoute({
  getParentRoute: () => signedIn,
  path: "/projects/$projectId/recordings",
  component: lazyRouteComponent(() => import("./routes/Recordings"), "Recordings"),
});

const replay = createRoute({
  getParentRoute: () => signedIn,
  path: "/projects/$projectId/recordings/$terminalId",
  component: lazyRouteComponent(() => import("./routes/Replay"), "Replay"),
});

const access = createRoute({
  getParentRoute: () => signedIn,
  path: "/projects/$projectId/ssh",
  component: lazyRouteComponent(() => import("./routes/Access"), "Access"),
});

const settings = createRoute({
  getParentRoute: () => signedIn,
  path: "/settings",
  component: lazyRouteComponent(() => import("./routes/Settings"), "Settings"),
});

const settingsHome = createRoute({
  getParentRoute: () => settings,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/settings/profile" });
  },
});

const profile = createRoute({
  getParentRoute: () => settings,
  path: "/profile",
  component: lazyRouteComponent(() => import("./routes/Profile"), "Profile"),
});

const sessions = createRoute({
  getParentRoute: () => settings,
  path: "/sessions",
  component: lazyRouteComponent(() => import("./routes/Sessions"), "Sessions"),
});

const tokens = createRoute({
  getParentRoute: () => settings,
  path: "/tokens",
  component: lazyRouteComponent(() => import("./routes/Tokens"), "Tokens"),
});

const vendorKeys = createRoute({
  getParentRoute: () => settings,
  path: "/keys",
  validateSearch: ({ add }: Record<string, unknown>): { add?: string } =>
    typeof add === "string" ? { add } : {},
  component: lazyRouteComponent(() => import("./routes/Keys"), "Keys"),
});

const notifications = createRoute({
  getParentRoute: () => settings,
  path: "/notifications",
  component: lazyRouteComponent(() => import("./routes/Notifications"), "Notifications"),
});

const github = createRoute({
  getParentRoute: () => settings,
  path: "/github",
  validateSearch: withNext,
  component: lazyRouteComponent(() => import("./routes/GitHub"), "GitHub"),
});

const routeTree = rootRoute.addChildren([
  landing,
  signup,
  login,
  forgot,
  reset,
  signedIn.addChildren([
    projects,
    workspace,
    recordings,
    replay,
    access,
    settings.addChildren([settingsHome, profile, vendorKeys, github, notifications, sessions, tokens]),
  ]),
]);

export const router = createRouter({
  routeTree,
  defaultErrorComponent: PageFailure,
  defaultPendingComponent: PagePending,
  defaultPendingMs: 300,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
