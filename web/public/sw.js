// The service worker: shows what is pushed, and opens the page a notification is about. It keeps nothing and answers
// no requests, so that a page is never older than its server.

/** An address of this app for what a message names; the projects for anything else. */
function addressOf(path) {
  const home = new URL("/projects", self.location.origin);
  if (typeof path !== "string") return home;
  const named = new URL(path, self.location.origin);
  return named.origin === self.location.origin ? named : home;
}

function told(data) {
  try {
    return data?.json() ?? {};
  } catch {
    return {};
  }
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const { title, body, path, tag, id } = told(event.data);
  // A push that shows nothing costs the browser's permission, so even an unreadable one says something.
  const shown = self.registration.showNotification(title || "aether needs you", {
    body: body ?? "",
    tag: tag ?? id,
    icon: "/icon-192.png",
    data: { path },
  });
  event.waitUntil(shown);
});

/** True when the page goes there by itself, without a load that would lose what is typed in it. */
function sendTo(page, path) {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => resolve(true);
    // A page that is still loading has not begun to listen; a browser lets a window be opened for some seconds.
    setTimeout(() => resolve(false), 1500);
    page.postMessage({ kind: "go", path }, [channel.port2]);
  });
}

async function open(address) {
  const path = address.pathname + address.search + address.hash;
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page =
    pages.find(({ url }) => url === address.href) ?? pages.find(({ focused }) => focused) ?? pages[0];
  if (!page || !(await sendTo(page, path))) return self.clients.openWindow(address.href);
  return page.focus();
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(addressOf(event.notification.data?.path)));
});

// A subscription that the browser renews is told to the server by the next page that is opened.
