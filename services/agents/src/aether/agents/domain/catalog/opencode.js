// A plugin of opencode: hands on what happens to the program of the machine, in its order, and says the first words
// of a conversation that is resumed, which opencode itself drops. Its settings are beside it in JSON.
import { spawn } from "node:child_process"
import { readFileSync, renameSync } from "node:fs"

const here = new URL(".", import.meta.url)
const { program, session, prompt } = JSON.parse(readFileSync(new URL("opencode-aether.json", here), "utf8"))

const last = new Map() // of each conversation, the words the model said last
const roles = new Map() // of each message, whose it is
const states = new Map() // of each conversation, how far it is; it is told over and over
const children = new Set() // conversations of agents that the agent has started
let queue = Promise.resolve()

function handOn(event, payload) {
  queue = queue.then(
    () =>
      new Promise((done) => {
        const child = spawn(program, ["hook", event], { stdio: ["pipe", "ignore", "ignore"] })
        child.on("error", done)
        child.on("exit", done)
        child.stdin.on("error", () => {})
        child.stdin.end(JSON.stringify(payload))
      }),
  )
}

function heard({ type, properties = {} }) {
  const { info, part, sessionID } = properties
  if (type.startsWith("session.") && info?.parentID) children.add(info.id)
  if (type === "message.updated") roles.set(info.id, info.role)
  if (type === "message.part.updated" && part.type === "text" && roles.get(part.messageID) === "assistant")
    last.set(part.sessionID, part.text)
  if (type === "message.part.updated") {
    const { status, input } = part.state ?? {}
    if (part.type === "tool" && status === "running" && !part.state.metadata && !children.has(part.sessionID))
      handOn("tool", { sessionID: part.sessionID, tool: part.tool, input })
    return
  }
  const child = children.has(sessionID)
  if (/^(permission|question)\./.test(type)) handOn(type, { ...properties, sessionID: child ? "" : sessionID })
  if (child) return
  if (type === "session.error") handOn(type, properties)
  if (type === "session.status" && states.get(sessionID) !== properties.status.type) {
    states.set(sessionID, properties.status.type)
    handOn(type, properties)
  }
  if (type === "session.idle") handOn(type, { sessionID, text: last.get(sessionID) ?? "" })
}

async function sayPrompt(client) {
  try {
    renameSync(new URL("opencode-prompt", here), new URL("opencode-prompted", here))
  } catch {
    return // said already: a plugin may be loaded more than once
  }
  let id = session
  if (!id) {
    const { data } = await client.session.list()
    id = data?.filter((each) => !each.parentID).sort((a, b) => b.time.updated - a.time.updated)[0]?.id
  }
  if (id) await client.session.promptAsync({ path: { id }, body: { parts: [{ type: "text", text: prompt }] } })
}

export const Aether = async ({ client }) => {
  handOn("ready", {})
  if (prompt) setTimeout(() => sayPrompt(client).catch(() => {}), 500)
  return { event: async ({ event }) => heard(event) }
}
