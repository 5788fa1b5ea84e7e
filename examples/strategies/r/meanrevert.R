#!/usr/bin/env Rscript
# Buys what fell a little below its own average and sells it when it is back there: an example of the
# wire in R, not advice. It needs the package jsonlite.
#
# Usage: meanrevert.R [WINDOW [BELOW]], such as 50 0.9995: buy below 0.9995 of the average.

library(jsonlite)

args <- as.numeric(commandArgs(trailingOnly = TRUE))
window <- if (length(args) > 0) args[1] else 50
below <- if (length(args) > 1) args[2] else 0.9995
mids <- list()
held <- list()
lots <- list()
busy <- list()
count <- 0

send <- function(...) {
  cat(toJSON(list(...), auto_unbox = TRUE, digits = NA), "\n", sep = "")
  flush(stdout())
}

# Amounts are text on the wire, and exact. format() keeps R from writing 1e-04.
text <- function(x) format(x, scientific = FALSE, digits = 15, trim = TRUE)

order_now <- function(name, side, quantity, reason) {
  count <<- count + 1
  send(type = "state", key = "count", value = text(count)) # before the order: a ref is never given to two
  ref <- paste0("r", text(count))
  busy[[name]] <<- ref
  send(type = "intent", ref = ref, instrument = name, side = side, quantity = quantity,
       order_type = "market", time_in_force = "ioc", reason = reason)
}

on_hello <- function(line) {
  if (line$version != 1) stop("this program speaks version 1, the runtime ", line$version)
  if (!is.null(line$state$count)) count <<- as.numeric(line$state$count)
  for (i in line$instruments) lots[[i$instrument]] <<- if (is.null(i$lot_size)) 0.001 else as.numeric(i$lot_size)
  for (p in line$positions) held[[p$instrument]] <<- p$quantity
  for (o in line$orders) busy[[o$instrument]] <<- if (is.null(o$ref)) "" else o$ref
  send(type = "hello", version = 1)
}

on_quote <- function(line) {
  name <- line$instrument
  if (!line$trusted || is.null(line$bid) || is.null(line$ask) || !is.null(busy[[name]])) return()
  bid <- as.numeric(line$bid)
  ask <- as.numeric(line$ask)
  mids[[name]] <<- tail(c(mids[[name]], (bid + ask) / 2), window)
  if (length(mids[[name]]) < window) return()
  average <- mean(mids[[name]])
  has <- if (is.null(held[[name]])) 0 else as.numeric(held[[name]])
  if (has <= 0 && ask < average * below) {
    lot <- lots[[name]]
    quantity <- max(lot, floor(100 / ask / lot) * lot)
    order_now(name, "buy", text(quantity), paste(line$ask, "is below the average"))
  } else if (has > 0 && bid >= average) {
    order_now(name, "sell", held[[name]], paste(line$bid, "is back at the average")) # the text itself: exact
  }
}

final <- c("filled", "canceled", "rejected", "denied", "expired")

input <- file("stdin", "r")
while (length(raw <- readLines(input, n = 1)) > 0) {
  line <- fromJSON(raw, simplifyVector = FALSE)
  switch(line$type,
    hello = on_hello(line),
    heartbeat = send(type = "heartbeat", n = line$n),
    quote = on_quote(line),
    position = { held[[line$instrument]] <- line$quantity },
    order_event = { if (line$status %in% final) busy[[line$instrument]] <- NULL },
    refused = { busy <- Filter(function(ref) !identical(ref, line$ref), busy) }
  )
}
