/** The names under which answers are kept. */
export const keys = {
  me: ["me"] as const,
  config: ["config"] as const,
  projects: ["projects"] as const,
  project: (id: string) => ["project", id] as const,
  terminals: (projectId: string) => ["terminals", projectId] as const,
  recordings: (projectId: string) => ["recordings", projectId] as const,
  terminal: (id: string) => ["terminal", id] as const,
  cast: (id: string) => ["cast", id] as const,
  sessions: ["sessions"] as const,
  tokens: ["tokens"] as const,
};
