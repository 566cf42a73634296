import { Link, Outlet } from "@tanstack/react-router";
import { TopBar } from "@/features/gateway/TopBar";

const PAGES = [
  ["/settings/profile", "Profile"],
  ["/settings/keys", "Keys"],
  ["/settings/github", "GitHub"],
  ["/settings/notifications", "Notifications"],
  ["/settings/sessions", "Sessions"],
  ["/settings/tokens", "Tokens"],
] as const;

const TAB =
  "flex h-8 items-center rounded-md px-1.5 text-muted md:px-2.5 hover:text-text touch:h-10 data-[status=active]:bg-raised data-[status=active]:text-text";

/** The frame of the settings pages. */
export function Settings() {
  return (
    <>
      <TopBar>
        <p className="font-medium">Settings</p>
      </TopBar>
      <div className="min-h-0 flex-1 overflow-auto">
        <div className="mx-auto grid max-w-4xl gap-x-10 gap-y-4 px-4 py-4 md:grid-cols-[10rem_1fr] md:py-8">
          <nav aria-label="Settings" className="-mx-2 flex flex-wrap content-start md:mx-0 md:grid md:gap-1">
            {PAGES.map(([to, name]) => (
              <Link key={to} to={to} className={TAB}>
                {name}
              </Link>
            ))}
          </nav>
          <main id="main" className="grid min-w-0 content-start gap-10">
            <Outlet />
          </main>
        </div>
      </div>
    </>
  );
}
