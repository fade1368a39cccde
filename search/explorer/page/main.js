/** The page as a file: all its data is in it. */

import { showFailure, startExplorer } from "./start.js";

startExplorer().catch(showFailure);
