// What was typed into a form and not yet sent outlives a reload, a log-in that ended and a closed window: it stays in
// this browser's own store, for this account and this form, until it went through, is given up, or three days are over.
// Log-out and another account's log-in take it away. Passwords, codes and files are never kept.
"use strict";
(() => {
  const BEGIN = "lantian.typed:", SENT = "lantian.sent", LONGEST = 72 * 3600 * 1000;
  const KINDS = new Set([
    "text", "textarea", "search", "tel", "number", "date", "time", "datetime-local", "select-one", "radio", "checkbox",
  ]);
  let store, tab;
  try { store = localStorage; tab = sessionStorage; } catch { return; }  // a browser that was told to keep nothing
  const drop = (unwanted) => Object.keys(store).filter((key) => key.startsWith(BEGIN) && unwanted(key)).forEach((key) => store.removeItem(key));
  const read = (key) => { try { return JSON.parse(store.getItem(key)); } catch { return null; } };

  // The form that was sent last from this tab went through when the page that follows says that something was done.
  const sent = tab.getItem(SENT);
  tab.removeItem(SENT);
  if (sent && "done" in document.body.dataset) store.removeItem(sent);
  const owner = document.body.dataset.owner;
  if (!owner) return;
  const mine = `${BEGIN}${encodeURIComponent(owner)}:`;
  let over = false;  // after log-out nothing more is written, also while the page goes
  drop((key) => !key.startsWith(mine) || !(Date.now() - read(key)?.at < LONGEST));
  document.querySelector('form[action="/logout"]')?.addEventListener("submit", () => { over = true; drop(() => true); });

  // Two forms of one page may post to one address: what is hidden in them tells them apart. What was seen does not.
  const keyOf = (form) => {
    const hidden = [...form.elements].filter((one) => one.type === "hidden" && one.name !== "token" && one.name !== "seen");
    return mine + [form.getAttribute("action"), ...hidden.map((one) => `${one.name}=${one.value}`)].join(" ");
  };
  const ticked = (one) => one.type === "radio" || one.type === "checkbox";
  const value = (one) => (ticked(one) ? one.checked : one.value);
  const original = (one) => {
    if (ticked(one)) return one.defaultChecked;
    if (one.type !== "select-one") return one.defaultValue;
    return ([...one.options].find((choice) => choice.defaultSelected) || one.options[0])?.value;
  };
  const put = (one, given) => { if (ticked(one)) one.checked = given; else one.value = given; };
  const fields = (form) => {
    const count = {};
    return [...form.elements].filter((one) => one.name && KINDS.has(one.type) && !/code|password/.test(one.autocomplete)).map((one) => {
      count[one.name] = (count[one.name] || 0) + 1;
      return [`${one.name} ${count[one.name]}`, one];
    });
  };
  const keep = (form) => {
    if (over) return;
    const typed = Object.fromEntries(fields(form).filter(([, one]) => value(one) !== original(one)).map(([name, one]) => [name, value(one)]));
    try {
      if (Object.keys(typed).length) store.setItem(keyOf(form), JSON.stringify({ at: Date.now(), typed }));
      else store.removeItem(keyOf(form));
    } catch { /* a full store: the form works all the same */ }
  };
  const changed = (ones) => ones.forEach((one) => one.dispatchEvent(new Event("input", { bubbles: true })));

  const giveBack = (form) => {
    const kept = read(keyOf(form));
    const back = fields(form).filter(([name, one]) => kept?.typed && name in kept.typed && value(one) !== kept.typed[name]);
    if (!back.length) return;
    for (const [name, one] of back) {
      put(one, kept.typed[name]);
      for (let part = one.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    }
    changed(back.map(([, one]) => one));  // so that what stands beside the form follows
    const notice = document.querySelector("[data-kept]").content.firstElementChild.cloneNode(true);
    const when = new Date(kept.at).toLocaleString(document.documentElement.lang === "en" ? "en-GB" : "zh-CN", {
      timeZone: "Asia/Shanghai", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false,
    });
    const words = notice.querySelector("span");
    words.textContent = words.textContent.replace("{when}", when);
    notice.querySelector("button").addEventListener("click", () => {
      store.removeItem(keyOf(form));
      const all = fields(form).map(([, one]) => one);
      all.forEach((one) => put(one, original(one)));
      changed(back.map(([, one]) => one));
      notice.remove();
      all[0].focus();
    });
    form.before(notice);
  };

  for (const form of document.querySelectorAll("form[data-keep]")) {
    let timer;
    giveBack(form);
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, 200, form); });
    addEventListener("pagehide", () => { if (timer) keep(form); });
    // Without network offline.js keeps the whole form and sends it later: here it would be written a second time.
    form.addEventListener("queued", () => { clearTimeout(timer); timer = 0; store.removeItem(keyOf(form)); });
  }
  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[data-keep]")) keep(event.target);
    const elsewhere = event.submitter?.hasAttribute("formaction");
    tab.setItem(SENT, event.target.matches("form[data-keep]") && !elsewhere ? keyOf(event.target) : "");
  }, { capture: true });
})();
