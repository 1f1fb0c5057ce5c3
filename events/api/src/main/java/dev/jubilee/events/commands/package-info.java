/** Commands: what somebody wants to be done, as opposed to what happened. */
@NullMarked
package dev.jubilee.events.commands;

import org.jspecify.annotations.NullMarked;
