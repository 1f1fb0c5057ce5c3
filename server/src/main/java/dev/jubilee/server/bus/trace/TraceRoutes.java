package dev.jubilee.server.bus.trace;

import dev.jubilee.server.bus.search.EventView;
import dev.jubilee.server.bus.search.EventViews;
import dev.jubilee.server.bus.store.EventStore;
import dev.jubilee.server.bus.topics.TopicAction;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.security.Access;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The HTTP face of traces. */
public final class TraceRoutes implements Routes {
    private record TracedView(EventView event, String relation, List<TraceStep> steps) {}

    private record TraceView(
            String eventId,
            @Nullable String correlationId,
            List<TracedView> events,
            boolean truncated) {}

    private final Traces traces;
    private final EventViews views;
    private final TopicCatalogue topics;
    private final EventStore store;

    public TraceRoutes(Traces traces, EventViews views, TopicCatalogue topics, EventStore store) {
        this.traces = traces;
        this.views = views;
        this.topics = topics;
        this.store = store;
    }

    @Override
    public void on(Router router) {
        router.get("/events/{event_id}/trace", Access.STAFF, this::trace);
    }

    private Reply trace(Call call) {
        String id = call.path("event_id");
        Set<String> closed = Set.copyOf(topics.closedTo(call.principal(), TopicAction.READ));
        Traces.Trace trace =
                store.await(() -> Optional.ofNullable(traces.of(id, closed))).orElse(null);
        if (trace == null || closed.contains(trace.event().topic())) {
            throw Problem.notFound("event", id).asException();
        }
        return Reply.ok(
                new TraceView(
                        trace.event().eventId(),
                        trace.event().correlationId(),
                        views(trace.events()),
                        trace.truncated()));
    }

    private List<TracedView> views(List<Traces.Traced> shown) {
        List<EventView> events = views.of(shown.stream().map(Traces.Traced::event).toList());
        List<TracedView> traced = new ArrayList<>(shown.size());
        for (int i = 0; i < shown.size(); i++) {
            Traces.Traced one = shown.get(i);
            traced.add(
                    new TracedView(
                            events.get(i),
                            one.relation().name().toLowerCase(Locale.ROOT),
                            one.steps()));
        }
        return traced;
    }
}
