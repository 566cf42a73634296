/** A browser and its system from a user agent: "Chrome on Linux". Good enough to know one's own. */
export function browserName(agent: string): string {
  const browser = /Edg\//.test(agent)
    ? "Edge"
    : /Firefox\//.test(agent)
      ? "Firefox"
      : /Chrome\//.test(agent)
        ? "Chrome"
        : /Safari\//.test(agent)
          ? "Safari"
          : "";
  if (!browser) return agent.split(" ")[0] || "Unknown";
  const system = /(Android|iPhone|iPad|Windows|Mac OS|Linux)/.exec(agent)?.[1];
  return system ? `${browser} on ${system === "Mac OS" ? "macOS" : system}` : browser;
}
