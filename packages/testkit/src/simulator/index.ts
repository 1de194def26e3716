export { simulate, type SimulationReport } from "./simulate.ts";
