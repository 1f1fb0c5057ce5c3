package dev.jubilee.server.liveops.events;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
import org.jspecify.annotations.Nullable;

/**
 * Which live events are asked for.
 *
 * @param drafts whether drafts are shown, which is for staff
 */
record ListQuery(
        @Nullable String eventType,
        @Nullable String category,
        @Nullable String status,
        Page page,
        boolean drafts) {
    private static final int MAX_CATEGORY = 50;

    /**
     * Reads it.
     *
     * @throws dev.jubilee.server.http.ProblemException 422 for a filter that does not exist
     */
    static ListQuery of(Call call) {
        String category = call.query("category");
        if (category != null && category.length() > MAX_CATEGORY) {
            throw Problem.invalid("category", "has at most " + MAX_CATEGORY + " characters")
                    .asException();
        }
        return new ListQuery(
                call.queryOneOf("event_type", EventInput.TYPES),
                category,
                call.queryOneOf("status", LiveEventStatus.texts()),
                Page.of(call),
                seesDrafts(call));
    }

    static boolean seesDrafts(Call call) {
        return call.principal().role().isStaff();
    }
}
