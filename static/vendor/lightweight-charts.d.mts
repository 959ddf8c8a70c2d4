// The file itself is served from node_modules by dashboard/finders.py; this tells the checker its types.
export * from "lightweight-charts";
