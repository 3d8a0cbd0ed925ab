import * as Logger from "effect/Logger"

/** Standard output is for answers; what the machine says of its work goes to standard error, a line of logfmt each. */
export const layer = Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))
