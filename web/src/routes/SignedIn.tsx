import { Outlet, useRouter } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useShortcuts } from "@/features/gateway/shortcuts";
import { live } from "@/queries/link";
import { useMe } from "@/queries/me";

const Watcher = lazy(() => import("@/features/agents/Watcher"));
const Palette = lazy(() => import("@/features/gateway/Palette"));

/** What every page behind the sign-in shares: the events, the palette, the keys. */
export function SignedIn() {
  const me = useMe();
  const [palette, setPalette] = useState(false);
  useEffect(() => live.start(), []);
  useShortcuts(() => setPalette(true));
  if (!me) return <ToSignIn />;
  return (
    <div className="flex h-full flex-col">
      <a
        href="#main"
        className="absolute left-2 top-2 z-50 -translate-y-20 rounded-md bg-accent px-3 py-2 text-on-accent focus:translate-y-0"
      >
        Skip to content
      </a>
      <Outlet />
      <Suspense>
        <Watcher />
      </Suspense>
      {palette && (
        <Suspense>
          <Palette close={() => setPalette(false)} />
        </Suspense>
      )}
    </div>
  );
}

/** To the sign-in and then back here: once, though this page stands until that one has been fetched. */
function ToSignIn() {
  const router = useRouter();
  useEffect(() => {
    void router.navigate({ to: "/login", search: { next: router.state.location.href } });
  }, [router]);
  return null;
}
