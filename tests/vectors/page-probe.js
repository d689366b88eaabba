// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Appended to a copy of the report by tests/unit/test_report.py: opens what is folded, measures every figure
// as it is laid out, and leaves the answer as JSON in the page.
for (const d of document.querySelectorAll("details")) d.open = true;
const figures = [...document.querySelectorAll("figure")].map((f) => {
	const svg = f.querySelector("svg"), at = svg.getBoundingClientRect();
	const drawn = [...svg.querySelectorAll("path, rect, use")].filter((e) => {
		const box = e.getBoundingClientRect();
		return box.width + box.height > 0;
	});
	return {
		id: f.id, width: at.width, height: at.height, right: at.right, drawn: drawn.length,
		words: [...svg.querySelectorAll("text")].filter((t) => t.textContent.trim()).length,
	};
});
const answer = document.createElement("pre");
answer.id = "probe";
answer.textContent = JSON.stringify({
	figures, width: document.documentElement.clientWidth,
	overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
});
document.body.append(answer);
