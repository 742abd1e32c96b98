// SPDX-License-Identifier: Apache-2.0
// What comes from a run is put into the page as textContent and in no other way.
"use strict";

const at = (id) => document.getElementById(id);
let running = null;

function show(answer) {
	at("stdout").textContent = answer.stdout ?? "";
	at("stderr").textContent = answer.stderr ?? "";
	const weaker = answer.not_enforced ?? [];
	at("weaker").hidden = weaker.length === 0;
	at("weaker").textContent = "This host does not enforce: " + weaker.join(", ");
	const time = answer.wall_ns == null ? "" : ` (${(answer.wall_ns / 1e9).toFixed(2)} s)`;
	// Last: whoever waits for the verdict finds the rest in place.
	at("verdict").textContent = answer.error ?? `${answer.verdict}: ${answer.message}${time}`;
}

async function run() {
	if (running)
		return;
	running = new AbortController();
	at("run").disabled = true;
	at("cancel").disabled = false;
	at("verdict").textContent = "";
	try {
		const response = await fetch("/run", {
			method: "POST",
			headers: { "Content-Type": "application/json" },
			body: JSON.stringify({ code: at("code").value }),
			signal: running.signal,
		});
		show(await response.json());
	} catch (error) {
		show({ error: error.name === "AbortError" ? "cancelled" : "the service does not answer" });
	} finally {
		running = null;
		at("run").disabled = false;
		at("cancel").disabled = true;
	}
}

at("run").addEventListener("click", run);
// The service sees that nobody waits any more, and ends the run.
at("cancel").addEventListener("click", () => running?.abort());
at("code").addEventListener("keydown", (event) => {
	if (event.ctrlKey && event.key === "Enter")
		run();
});
