@NullMarked
package dev.jubilee.server.liveops.events;

import org.jspecify.annotations.NullMarked;
