/** Keys that work on every page: the palette, and `g` then a letter. */
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent } from "react";
import { isCovered, isTyping } from "@/ui/typing";

const SECOND_KEY_MS = 1_200;

export const PLACES = {
  p: { to: "/projects", name: "Projects" },
  s: { to: "/settings/profile", name: "Settings" },
  k: { to: "/settings/keys", name: "Keys" },
  n: { to: "/settings/notifications", name: "Notifications" },
  t: { to: "/settings/tokens", name: "Tokens" },
} as const;

const OPEN_PALETTE = "aether:palette";

/** Opens the palette from a button. */
export function openPalette(): void {
  window.dispatchEvent(new Event(OPEN_PALETTE));
}

function isPaletteChord(event: KeyboardEvent): boolean {
  const inTerminal = event.target instanceof HTMLElement && event.target.closest("[data-terminal]");
  return event.code === "KeyK" && !event.shiftKey && (event.metaKey || (event.ctrlKey && !inTerminal));
}

export function useShortcuts(showPalette: () => void): void {
  const navigate = useNavigate();
  const show = useEffectEvent(showPalette);
  useEffect(() => {
    let wentAt = 0;
    const press = (event: KeyboardEvent): void => {
      if (isPaletteChord(event)) {
        event.preventDefault();
        show();
        return;
      }
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || isCovered()) return;
      const place = PLACES[event.key as keyof typeof PLACES];
      if (place && Date.now() - wentAt < SECOND_KEY_MS) {
        event.preventDefault();
        // The page gone to must not take this key for its own.
        event.stopImmediatePropagation();
        void navigate({ to: place.to });
      }
      wentAt = event.key === "g" ? Date.now() : 0;
    };
    const opened = (): void => show();
    window.addEventListener("keydown", press, { capture: true });
    window.addEventListener(OPEN_PALETTE, opened);
    return () => {
      window.removeEventListener("keydown", press, { capture: true });
      window.removeEventListener(OPEN_PALETTE, opened);
    };
  }, [navigate]);
}
