package dev.jubilee.server.bus.delivery.pending;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * The ids of waiting deliveries that come next, in order, as one statement found them: none was
 * committed later, so no key's events are read out of order. Immutable.
 */
public final class LoadPlan {
    /** No plan: what comes next is still to be found. */
    public static final LoadPlan NONE = new LoadPlan(new long[0], 0, List.of());

    /** How many ids one is of at most: 32 kB. */
    static final int MOST = 4_000;

    private final long[] ids;
    private final int from;
    private final List<String> closed;

    private LoadPlan(long[] ids, int from, List<String> closed) {
        this.ids = ids;
        this.from = from;
        this.closed = closed;
    }

    /**
     * @param ids ascending; not copied, do not change it
     * @param closed topics of which there are none among them
     */
    public static LoadPlan of(long[] ids, List<String> closed) {
        return ids.length == 0 ? NONE : new LoadPlan(ids, 0, closed);
    }

    /**
     * Whether it holds while these topics are closed. Events of a topic that was open when it was
     * found would be passed over for good, though the topic may open again.
     */
    boolean holdsFor(List<String> nowClosed) {
        return !isEmpty() && closed.equals(nowClosed);
    }

    public boolean isEmpty() {
        return from == ids.length;
    }

    /** The next so many ids that are not among the known. */
    public List<Long> next(int most, Set<Long> known) {
        List<Long> next = new ArrayList<>();
        for (int i = from; i < ids.length && next.size() < most; i++) {
            if (!known.contains(ids[i])) {
                next.add(ids[i]);
            }
        }
        return next;
    }

    /** The rest of the plan, behind that id. */
    LoadPlan after(long id) {
        int at = Arrays.binarySearch(ids, from, ids.length, id);
        int rest = at < 0 ? -at - 1 : at + 1;
        return rest == ids.length ? NONE : new LoadPlan(ids, rest, closed);
    }
}
