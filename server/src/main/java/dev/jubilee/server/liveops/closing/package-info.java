/**
 * The end of an occurrence: once progress has caught up with what was accepted before the end, the
 * ranking freezes, rewards by rank are granted, and the occurrence is completed.
 */
@NullMarked
package dev.jubilee.server.liveops.closing;

import org.jspecify.annotations.NullMarked;
