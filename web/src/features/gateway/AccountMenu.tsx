import { useNavigate } from "@tanstack/react-router";
import { useLogout } from "@/queries/entrance";
import { useMe } from "@/queries/me";
import { MenuButton } from "@/ui/MenuButton";
import { setTheme, THEME_WORDS, type Theme, useTheme } from "@/ui/theme";

const LOOK = "group grid size-7 shrink-0 place-items-center rounded-full touch:size-10";

const FACE =
  "grid size-7 place-items-center rounded-full border border-edge bg-raised text-12 font-semibold uppercase group-hover:border-muted group-aria-expanded:border-accent";

/** The person's initial, and behind it what concerns the account. */
export default function AccountMenu() {
  const me = useMe();
  const navigate = useNavigate();
  const logout = useLogout();
  const theme = useTheme();
  if (!me) return null;
  return (
    <MenuButton
      label="Account"
      face={<span className={FACE}>{(me.display_name || me.email).slice(0, 1)}</span>}
      look={LOOK}
      head={
        <div className="px-2 py-1.5">
          <p className="truncate font-medium">{me.display_name || me.email}</p>
          {me.display_name && <p className="truncate text-12 text-muted">{me.email}</p>}
        </div>
      }
      entries={[
        "line",
        { icon: "user", text: "Profile", run: () => void navigate({ to: "/settings/profile" }) },
        { icon: "key", text: "Keys", run: () => void navigate({ to: "/settings/keys" }) },
        { icon: "bell", text: "Notifications", run: () => void navigate({ to: "/settings/notifications" }) },
        { icon: "screen", text: "Sign-in sessions", run: () => void navigate({ to: "/settings/sessions" }) },
        { icon: "lock", text: "Access tokens", run: () => void navigate({ to: "/settings/tokens" }) },
        "line",
        { text: "Theme", words: THEME_WORDS, value: theme, choose: (next) => setTheme(next as Theme) },
        "line",
        { icon: "leave", text: "Sign out", run: () => logout.mutate() },
      ]}
    />
  );
}
