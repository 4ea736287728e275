"""Comments and watchers: what people say to each other about any object, and who hears of it."""
