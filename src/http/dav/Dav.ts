/**
 * WebDAV (RFC 4918 classes 1, 2 and 3; C15) over the host's services, as a plugin serves it at /dav: one function for each
 * method, what a request touches for the policy to judge, and `answered` around them all.
 */
export { answered } from "./Failure.ts"
export { lock, unlock } from "./Locking.ts"
export { propfind } from "./Propfind.ts"
export { proppatch } from "./Proppatch.ts"
export { announces, get, options } from "./Reading.ts"
export { copy, move } from "./Relocating.ts"
export { touches } from "./Touches.ts"
export { mkcol, put, remove } from "./Writing.ts"
