import { useNavigate } from "@tanstack/react-router";
import type { Me } from "@/api/types";
import { useLogout } from "@/queries/me";
import { Menu, MenuChoice, MenuItem, MenuLine } from "@/ui/Menu";
import { setTheme, type Theme, useTheme } from "@/ui/theme";

const WORDS: Record<Theme, string> = { dark: "Dark", light: "Light", system: "Like the system" };

/** Opens at once: it is loaded because it was asked for. */
export default function AccountMenuItems({ me, initial, look }: { me: Me; initial: string; look: string }) {
  const navigate = useNavigate();
  const logout = useLogout();
  const theme = useTheme();
  return (
    <Menu label="Account" face={initial} look={look} startOpen>
      <div className="px-2 py-1.5">
        <p className="truncate font-medium">{me.display_name || me.email}</p>
        {me.display_name && <p className="truncate text-12 text-muted">{me.email}</p>}
      </div>
      <MenuLine />
      <MenuItem icon="user" onClick={() => void navigate({ to: "/settings/profile" })}>
        Profile
      </MenuItem>
      <MenuItem icon="screen" onClick={() => void navigate({ to: "/settings/sessions" })}>
        Sign-in sessions
      </MenuItem>
      <MenuItem icon="key" onClick={() => void navigate({ to: "/settings/tokens" })}>
        Access tokens
      </MenuItem>
      <MenuLine />
      <MenuChoice label="Theme" words={WORDS} value={theme} choose={(next) => setTheme(next)} />
      <MenuLine />
      <MenuItem icon="leave" onClick={() => logout.mutate()}>
        Sign out
      </MenuItem>
    </Menu>
  );
}
