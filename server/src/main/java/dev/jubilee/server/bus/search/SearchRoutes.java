package dev.jubilee.server.bus.search;

import dev.jubilee.server.bus.topics.TopicAction;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.security.Access;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The HTTP face of searching. */
public final class SearchRoutes implements Routes {
    private record Answer(List<EventView> events, @Nullable String nextCursor) {}

    private final EventSearch search;
    private final EventViews views;
    private final TopicCatalogue topics;
    private final InstantSource clock;

    public SearchRoutes(
            EventSearch search, EventViews views, TopicCatalogue topics, InstantSource clock) {
        this.search = search;
        this.views = views;
        this.topics = topics;
        this.clock = clock;
    }

    @Override
    public void on(Router router) {
        router.get("/events", Access.STAFF, this::search).query(SearchQuery.PARAMETERS);
    }

    private Reply search(Call call) {
        SearchQuery query = SearchQuery.of(call, clock.instant());
        query.where().notIn("topic", topics.closedTo(call.principal(), TopicAction.READ));
        EventSearch.Found found = find(query);
        return Reply.ok(
                new Answer(
                        views.of(found.events()),
                        found.next() == null ? null : found.next().toString()));
    }

    /** JSON may hold what PostgreSQL does not take: half a character, or a number too long. */
    private EventSearch.Found find(SearchQuery query) {
        try {
            return search.find(query.span(), query.where(), query.limit(), query.indexed());
        } catch (DatabaseException e) {
            if (!e.isOfValues()) {
                throw e;
            }
            throw Problem.invalid("payload", "holds a text or a number that no event can have")
                    .asException();
        }
    }
}
