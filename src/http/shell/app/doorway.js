// Stands in a frame where a page of the application would be, which no frame shows. The server has put its seal here if
// somebody's click has led here: then the page around is asked to go there itself. Else there is the address to click on.
const { seal } = document.querySelector("p").dataset
const link = document.querySelector("a")
link.textContent = location.pathname
link.href = location.pathname + location.search
if (seal !== "") parent.postMessage({ to: location.href, seal }, location.origin)
