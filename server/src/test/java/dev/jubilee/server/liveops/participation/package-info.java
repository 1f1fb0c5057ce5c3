@NullMarked
package dev.jubilee.server.liveops.participation;

import org.jspecify.annotations.NullMarked;
