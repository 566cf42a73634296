import { Stored } from "@/ui/stored";

/** How this browser shows the board. */
export const boardSettings = new Stored<{ screens: boolean }>("aether.board", { screens: true });
