// SPDX-License-Identifier: Apache-2.0
// What pages do by themselves: follow, tell times in the reader's zone, keys, dropping files. Each works without it.
"use strict";

const zone = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function tellTimes(root) {
  for (const one of root.querySelectorAll("time[datetime]")) one.textContent = zone.format(new Date(one.dateTime));
}

// On a narrow screen a table is a list, and each cell says what it is.
function labelCells(root) {
  for (const table of root.querySelectorAll("table")) {
    const heads = [...table.querySelectorAll("thead th")].map((one) => one.textContent);
    for (const row of table.tBodies[0].rows) [...row.cells].forEach((cell, place) => { cell.dataset.label = heads[place] || ""; });
  }
}

// A page that is read as a document, and never as a string, needs no permission to make markup (Trusted Types).
function readAgain() {
  const asked = new XMLHttpRequest();
  asked.open("GET", location.href);
  asked.setRequestHeader("Tocsin-By-Itself", "1"); // nobody asked: an unattended screen is signed out as any other
  asked.responseType = "document";
  asked.onload = () => {
    if (asked.status !== 200 || !asked.response || asked.responseURL !== location.href) return;
    for (const old of document.querySelectorAll("[data-live]")) {
      const fresh = asked.response.getElementById(old.id);
      if (!fresh || old.contains(document.activeElement) || old.querySelector("details[open]")) continue;
      const taken = document.adoptNode(fresh);
      tellTimes(taken);
      labelCells(taken);
      if (taken.isEqualNode(old)) continue;
      old.replaceWith(taken);
    }
  };
  asked.send();
}

function follow() {
  const sign = document.getElementById("live");
  if (!sign || !document.querySelector("[data-live]")) return;
  let due = 0;
  const events = new EventSource(`/live?since=${encodeURIComponent(sign.dataset.since)}`);
  events.onopen = () => { sign.hidden = false; };
  events.onerror = () => { sign.hidden = true; };
  events.onmessage = () => {
    if (due) return;
    due = setTimeout(() => { due = 0; readAgain(); }, 150);
  };
}

function keys() {
  const help = document.getElementById("keys");
  // Whoever dictates, or whose hand trembles, turns them off (WCAG 2.1.4).
  const on = document.getElementById("keys-on");
  on.checked = localStorage.getItem("keys") !== "off";
  on.addEventListener("change", () => localStorage.setItem("keys", on.checked ? "on" : "off"));
  const show = document.getElementById("show-keys");
  show.hidden = false;
  show.addEventListener("click", () => help.showModal());
  let led = false;
  document.addEventListener("keydown", (event) => {
    const busy = event.target.closest("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey;
    if (busy || !on.checked) return;
    if (event.key === "/") { event.preventDefault(); document.getElementById("q")?.focus(); }
    else if (event.key === "?") help.showModal();
    else if (led) {
      const door = document.querySelector(`.rail a[data-key="${CSS.escape(event.key)}"]`);
      if (door) door.click();
    }
    led = event.key === "g";
  });
}

function drop() {
  const form = document.getElementById("drop");
  if (!form) return;
  const files = document.getElementById("files");
  for (const name of ["dragenter", "dragover"]) form.addEventListener(name, (event) => { event.preventDefault(); form.classList.add("over"); });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    files.files = event.dataTransfer.files;
    if (files.files.length) form.requestSubmit();
  });
  files.addEventListener("change", () => { if (files.files.length) form.requestSubmit(); });
}

// The answer goes by an ordinary form, so that the server sees forms only.
function passkeys() {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) { form.hidden = true; continue; }
    form.addEventListener("submit", async (event) => {
      if (form.elements.answer.value) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const said = JSON.parse(form.dataset.options);
      const options = said.publicKey || said;
      try {
        const credential = form.dataset.passkey === "create"
          ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
          : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
        form.elements.answer.value = JSON.stringify(credential.toJSON());
        form.requestSubmit();
      } catch (error) {
        form.querySelector("button").focus();
      }
    });
  }
}

function wholeLink() {
  const link = document.getElementById("link");
  if (link) link.textContent = location.origin + link.dataset.path;
}

function onceOnly() {
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    setTimeout(() => { for (const one of document.querySelectorAll("button")) one.disabled = true; }, 0);
  });
  addEventListener("pageshow", () => { for (const one of document.querySelectorAll("button")) one.disabled = false; });
}

tellTimes(document);
labelCells(document);
if (document.querySelector(".rail")) { follow(); keys(); }
drop();
passkeys();
wholeLink();
onceOnly();
