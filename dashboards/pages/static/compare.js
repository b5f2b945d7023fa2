// The page of two studies: the figure, once there are two.
import "./figures.js";

document.documentElement.dataset.ready = "true";
