// Opens pages in one browser and prints, as JSON, what is wrong with each: node browser.mjs FOLDER, FOLDER/jobs.json.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.env.REAL_NODE_MODULES, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const folder = process.argv[2];
const jobs = JSON.parse(readFileSync(join(folder, "jobs.json"), "utf8"));

const browser = await chromium.launchPersistentContext(join(folder, "profile"), {
    executablePath: process.env.CHROMIUM,
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
});
const found = {};
for (const { name, views, keyboard, sheets } of jobs) {
    const problems = (found[name] = []);
    const page = await browser.newPage();
    const address = pathToFileURL(join(folder, `${name}.html`)).href;
    page.on("request", (request) => request.url() === address || problems.push(`request: ${request.url()}`));
    page.on("console", (message) => problems.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => problems.push(`error: ${error}`));
    await page.goto(address);
    await page.evaluate(axe);
    await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
    for (const [width, colorScheme] of views) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        const wide = await page.evaluate(() => [...document.querySelectorAll("body *")]
            .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".skip, .hidden, .scrolls"))
            .map((one) => one.outerHTML.slice(0, 100))
            .concat(document.documentElement.scrollWidth > innerWidth ? ["the page"] : []));
        problems.push(...wide.map((one) => `wider than ${width}: ${one}`));
        const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
        for (const { id, nodes } of violations) problems.push(`axe ${id}, ${colorScheme}, ${width}: ${nodes[0].html}`);
    }
    if (keyboard) {
        await page.goto(address);
        const unreached = await page.evaluate(() => {
            const wanted = [...document.querySelectorAll("summary, a[href]")];
            wanted.forEach((one) => one.addEventListener("focus", () => wanted.splice(wanted.indexOf(one), 1), { once: true }));
            window.wanted = wanted;
            return wanted.length;
        });
        for (let presses = 0; presses < 2 * unreached; presses++) await page.keyboard.press("Tab");
        const left = await page.evaluate(() => window.wanted.map((one) => one.outerHTML.slice(0, 100)));
        problems.push(...left.map((one) => `not reached by keyboard: ${one}`));
        await page.evaluate(() => document.querySelector("summary").focus());
        await page.keyboard.press("Enter");
        if (!(await page.evaluate(() => document.querySelector("details").open))) problems.push("Enter opens nothing");
    }
    if (sheets) {
        await page.goto(address); // with what is folded as it comes
        await page.emulateMedia({ media: null });
        const pdf = (await page.pdf({ format: "A4", preferCSSPageSize: true })).toString("latin1");
        const count = pdf.match(/\/Type\s*\/Page\b(?!s)/g).length;
        if (count > sheets) problems.push(`printed on ${count} sheets`);
    }
    await page.close();
}
await browser.close();
console.log(JSON.stringify(found));
