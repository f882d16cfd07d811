// searchclient.js as a module
import "./searchclient.js";
export const { lightshipClient, transformSearchClient } = globalThis;
